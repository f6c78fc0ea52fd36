# Nothing to do is wrong use: the overview, on stderr, so that a pipe gets nothing.
vitrail
