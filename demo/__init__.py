"""The demo: a real sign-in at an emulated Cognito, a real Envoy with the filter, and a tour that checks itself."""
