"""Regions: this part of the photo like that painting, another part like another one, a part left alone."""
