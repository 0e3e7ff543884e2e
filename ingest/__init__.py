"""Posts come in: collectors fetch, formats map, and coverage tells what was seen."""
