"""`make soak`: good and bad requests for minutes, keys that rotate, a key server that fails, and every answer checked."""
