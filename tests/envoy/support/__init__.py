"""What the end-to-end tests stand on: a real Envoy, scriptable servers around it, tokens and clients."""
