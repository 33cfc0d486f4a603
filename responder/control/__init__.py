"""What is done with scenarios apart from serving them: here they are played through, to explain what they send."""
