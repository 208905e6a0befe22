"""Video models at OpenRouter for rushes."""
