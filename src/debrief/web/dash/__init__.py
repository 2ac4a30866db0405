"""What people look at: a file per page, rendered here from templates; no script runs in the browser."""
