"""A watch judged: its messages in event order go in, stories and the lives of alerts come out."""
