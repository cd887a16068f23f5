"""What both listeners share. `serve.sh` gives each its address."""

workers = 2
# Two workers, two threads: the database is SQLite here.
threads = 2
# Names with underscores are dropped, not folded into the names with dashes: nobody but Envoy sets `x-user-id`.
header_map = "drop"
# The filter can send a header of 4 KiB for each claim, and passes a token of 16 KiB on unless `remove_token` is set.
limit_request_field_size = 32768
accesslog = None
# Two servers would share one control socket in the home directory.
control_socket_disable = True
