"""How alerts leave: from the outbox to their notifiers."""
