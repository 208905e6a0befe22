"""Google Veo for rushes."""
