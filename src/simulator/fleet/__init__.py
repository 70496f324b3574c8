"""The jobs of the account: what each is, when it is due, how its definition changes."""
