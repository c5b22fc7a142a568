import pytest
from instruction_work import known

KINDS = known()


@pytest.mark.parametrize("name", KINDS)
def test_the_work_is_done_without_an_error(name: str) -> None:
    KINDS[name].run(2)


def test_each_kind_is_found_in_the_module_that_its_name_begins_with() -> None:
    core = known(["core_work"])
    assert set(core) == {name for name in KINDS if name.startswith("core: ")}
    assert all(work.few < work.many for work in KINDS.values())
