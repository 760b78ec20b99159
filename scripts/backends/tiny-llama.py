"""Writes a tiny Llama with random weights and a tokenizer of its own into the folder argv[1]: a model that any server can load
without a hub. It says nothing sensible, in four layers of 64 numbers."""

import sys

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

folder = sys.argv[1]

WORDS = "the a cat dog sun moon sea ship king queen old young went saw found lost and but then once upon time there was little big house tree".split()
TEXTS = [" ".join(WORDS[(i * 7 + j * 3) % len(WORDS)] for j in range(12)) + "." for i in range(200)]
SPECIAL = ["<unk>", "<s>", "</s>"]
CHAT_TEMPLATE = "{% for message in messages %}<s>{{ message['role'] }}: {{ message['content'] }}</s>{% endfor %}{% if add_generation_prompt %}<s>assistant: {% endif %}"

tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=False))
tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
tokenizer.decoder = decoders.ByteLevel()
trainer = trainers.BpeTrainer(vocab_size=512, special_tokens=SPECIAL, initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
tokenizer.train_from_iterator(TEXTS, trainer)
fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>", eos_token="</s>", pad_token="</s>")
fast.chat_template = CHAT_TEMPLATE
fast.model_max_length = 2048
fast.save_pretrained(folder)

torch.manual_seed(1)
config = LlamaConfig(
    vocab_size=len(fast),
    hidden_size=64,
    intermediate_size=128,
    num_hidden_layers=4,
    num_attention_heads=2,
    num_key_value_heads=2,
    max_position_embeddings=2048,
    bos_token_id=1,
    eos_token_id=2,
    pad_token_id=2,
    tie_word_embeddings=True,
)
LlamaForCausalLM(config).to(torch.float32).save_pretrained(folder, safe_serialization=True)
