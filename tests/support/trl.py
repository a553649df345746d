"""TRL's own word on an example: whether it is a conversation, and that its chat template can be filled with it."""

from collections.abc import Mapping
from functools import cache
from typing import Any

# What each type of dataset has for columns: huggingface.co/docs/trl/dataset_formats.
COLUMNS = {
    "language modeling": ({"messages"}, {"text"}),
    "preference": ({"prompt", "chosen", "rejected"},),
    "prompt-completion": ({"prompt", "completion"},),
}
CHAT_TEMPLATE = "{% for message in messages %}<{{ message.role }}>{{ message.content }}{% endfor %}"


def type_and_format(example: Mapping[str, Any]) -> tuple[str, str]:
    """TRL's names for the type and the format of an example: `("preference", "standard")`. Fails when it is neither."""
    # Only now: the import takes seconds, and few tests need it.
    from trl.data_utils import is_conversational, maybe_apply_chat_template  # noqa: PLC0415

    kind = next(kind for kind, sets in COLUMNS.items() if set(example) in sets)
    is_chat = is_conversational(example)
    filled = maybe_apply_chat_template(example, _tokenizer())
    texts = [message["content"] for column in example.values() for message in column] if is_chat else example.values()
    assert all(isinstance(text, str) for text in filled.values())
    assert all(text in "".join(filled.values()) for text in texts)
    return kind, "conversational" if is_chat else "standard"


def is_talk(example: Mapping[str, Any]) -> bool:
    """Whether TRL takes an example for a conversation of `from` and `value`."""
    from trl.data_utils import is_conversational_from_value  # noqa: PLC0415

    return bool(is_conversational_from_value(example))


@cache
def _tokenizer() -> Any:
    from tokenizers import Tokenizer  # noqa: PLC0415
    from tokenizers.models import WordLevel  # noqa: PLC0415
    from transformers import PreTrainedTokenizerFast  # noqa: PLC0415

    words = Tokenizer(WordLevel({"?": 0}, unk_token="?"))
    return PreTrainedTokenizerFast(tokenizer_object=words, chat_template=CHAT_TEMPLATE)
