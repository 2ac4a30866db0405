"""SWE-agent: how its runs end, and the rows in which data sets hold them."""
