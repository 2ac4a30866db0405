"""What Cline and its descendants (Roo Code, Kilo Code) write into a task's folder, file by file.

The format itself stands in `sources/formats/`; these modules know the files' records, not where they lie.
"""
