"""The shared language: messages, topics, protocols, errors. Imports nothing of ours."""
