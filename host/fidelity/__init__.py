"""How true a model's output is to a reference: from logits to figures and a gate."""
