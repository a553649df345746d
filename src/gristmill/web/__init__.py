"""The pages a person sees, made on the server over the same use cases as the API's."""
