"""Asset checks: declared ones (from ``dbt_like_checks/``) and temporal ones."""
