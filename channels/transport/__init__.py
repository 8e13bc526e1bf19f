"""Ways of moving bytes: file servers, object stores, sheets. They know protocols and no channel."""
