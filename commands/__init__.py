"""What does whoever runs Postroom do from the shell? `flask --app app …`."""
