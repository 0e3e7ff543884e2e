"""What operators write: the schema, the loader, and the YAML that comes with the product."""
