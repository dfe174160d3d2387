"""Seeded reference models in GGUF and onnxruntime-genai form, and inspection of any model."""
