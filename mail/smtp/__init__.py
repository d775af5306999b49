"""How does mail go out?"""
