"""Who may ask the server: make and remove API keys."""
