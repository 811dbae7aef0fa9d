"""What several tests share: the real model, loaded once. Refuses to skip in silence: -ra prints the reason, KEDGE_REQUIRE_ALL=1 makes it a failure."""

import os

import pytest

from training.model import Model
from training.model_file import default_model_path, qwen2_tokenizer


@pytest.fixture(scope="session")
def model_path():
    path = default_model_path()
    if not path.exists():
        reason = f"the default model is missing ({path}): run `kedge model pull`"
        if os.environ.get("KEDGE_REQUIRE_ALL") == "1":
            pytest.fail(f"KEDGE_REQUIRE_ALL=1, but {reason}")
        pytest.skip(reason)
    return path


@pytest.fixture(scope="session")
def model(model_path):
    return Model.load(model_path)


@pytest.fixture(scope="session")
def tokenizer(model_path):
    return qwen2_tokenizer(model_path)
