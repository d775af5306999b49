"""What does a message say, and how is one written?"""
