"""What programs ask for: a file per resource, and the query and the schemas that the resources share."""
