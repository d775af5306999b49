"""What runs behind `make run`: the supervisor, the web processes, the housekeeper."""
