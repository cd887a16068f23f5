"""`make bench`: what the filter costs, beside Envoy's own `jwt_authn` and beside doing nothing, all in one run."""
