"""What a client must do, rule by rule, each with its RFC section; one file an area."""
