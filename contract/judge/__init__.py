"""What the contract says of an exchange. Pure: nothing here sends."""
