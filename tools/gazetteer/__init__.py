"""Makes the files of config/gazetteer that name the places of the world."""
