"""What others need to read before they talk to Fairline, made from the Structs that it runs on."""
