"""What `secondsource eval` does: our judgements on data of your own, a file each."""
