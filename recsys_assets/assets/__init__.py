"""What exists: one module per stage, each only wiring. See DESIGN section 3."""
