"""Which files can be had, and which cannot whatever is asked for."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tremolo.exceptions import NotFound
from tremolo.static_paths import Folder, IsFolder, find_static

BR = b"br", b"gzip"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (root / "empty").mkdir()
    (root / ".git").mkdir()
    for name, content in {
        "index.html": b"home",
        "sub/index.html": b"sub",
        "sub/a b.txt": b"a b",
        "style.css": b"plain",
        "style.css.br": b"brotli",
        "style.css.gz": b"gzip",
        ".git/config": b"secret",
        ".env": b"secret",
        "\u00e9.txt": b"e",
        "archive.tar.gz": b"archive",
    }.items():
        (root / name).write_bytes(content)
    (tmp_path / "outside.txt").write_bytes(b"secret")
    (tmp_path / "root2").mkdir()
    (tmp_path / "root2" / "file").write_bytes(b"secret")
    (root / "out").symlink_to(tmp_path / "outside.txt")
    (root / "parent").symlink_to(tmp_path)
    (root / "beside").symlink_to(tmp_path / "root2" / "file")
    (root / "in").symlink_to("sub/a b.txt")
    (root / "dangling").symlink_to("nowhere")
    os.mkfifo(root / "pipe")
    return root


def folder_of(root: Path, **changes: bool) -> Folder:
    options = {"dot_files": False, "precompressed": True, **changes}
    return Folder(
        root=str(root),
        index=("index.html",),
        dot_files=options["dot_files"],
        precompressed=options["precompressed"],
    )


def content_of(
    folder: Folder, path: str, *accepted: bytes, is_folder: bool = False
) -> tuple[bytes, bytes, bytes | None, bool]:
    found = find_static(folder, path, accepted, is_folder=is_folder)
    assert not isinstance(found, IsFolder)
    with found.found.file as file:
        return file.read(), found.content_type, found.coding, found.varies


TEXT = b"text/plain; charset=utf-8"
HTML = b"text/html; charset=utf-8"
CSS = b"text/css; charset=utf-8"


def test_what_there_is(root: Path) -> None:
    folder = folder_of(root)
    assert content_of(folder, "sub/a b.txt") == (b"a b", TEXT, None, False)
    assert content_of(folder, "sub//a b.txt") == (b"a b", TEXT, None, False)
    assert content_of(folder, "\u00e9.txt") == (b"e", TEXT, None, False)
    assert content_of(folder, "in")[0] == b"a b"
    assert content_of(folder, "", is_folder=True) == (b"home", HTML, None, False)
    assert content_of(folder, "sub", is_folder=True) == (b"sub", HTML, None, False)
    assert find_static(folder, "sub", (), is_folder=False) == IsFolder()
    assert content_of(folder, "archive.tar.gz", b"gzip")[1:] == (b"application/gzip", None, False)


@pytest.mark.parametrize(
    "path",
    [
        *("none", "sub/none", "sub/a b.txt/more", "empty", "dangling", "pipe", "a" * 300),
        *("a/" * 3_000, "..", "../outside.txt", "sub/../../outside.txt", ".", "sub/./index.html"),
        *("out", "parent/outside.txt", "beside", "parent/root2/file", "..\\outside.txt"),
        *("sub\\a b.txt", "index.html\0.txt", "\0", ".env", ".git/config", "sub/.hidden"),
        *("%2e%2e/outside.txt", "\udcff"),
    ],
)
def test_what_nobody_gets(root: Path, path: str) -> None:
    for is_folder in (False, True):
        with pytest.raises(NotFound):
            find_static(folder_of(root), path, (), is_folder=is_folder)


def test_a_file_is_no_folder(root: Path) -> None:
    with pytest.raises(NotFound):
        find_static(folder_of(root), "style.css", (), is_folder=True)


def test_dot_files_for_who_wants_them(root: Path) -> None:
    folder = folder_of(root, dot_files=True)
    assert content_of(folder, ".env")[0] == b"secret"
    for path in ("..", "../outside.txt", "."):
        with pytest.raises(NotFound):
            find_static(folder, path, (), is_folder=False)


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ((b"gzip, br",), (b"brotli", CSS, b"br", True)),
        ((b"gzip",), (b"gzip", CSS, b"gzip", True)),
        ((b"zstd",), (b"plain", CSS, None, True)),
        ((), (b"plain", CSS, None, True)),
    ],
)
def test_variants(
    root: Path, accepted: tuple[bytes, ...], expected: tuple[bytes, bytes, bytes | None, bool]
) -> None:
    assert content_of(folder_of(root), "style.css", *accepted) == expected
    plain = (b"plain", CSS, None, False)
    assert content_of(folder_of(root, precompressed=False), "style.css", *accepted) == plain


def test_a_variant_is_inside_too(root: Path) -> None:
    (root / "page.html").write_bytes(b"page")
    (root / "page.html.br").symlink_to(root.parent / "outside.txt")
    assert content_of(folder_of(root), "page.html", b"br")[0] == b"page"


def test_a_root_that_is_the_whole_system() -> None:
    path = os.path.realpath(__file__)
    folder = Folder(root="/", index=(), dot_files=True, precompressed=False)
    assert content_of(folder, path)[0] == Path(__file__).read_bytes()


PARTS = st.sampled_from(
    ["..", ".", "", "sub", "parent", "root", "root2", "outside.txt", "out", "file", "\\", "..\\"]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(PARTS | st.text(max_size=4), max_size=6))
def test_nothing_leads_outside(root: Path, parts: list[str]) -> None:
    try:
        found = find_static(folder_of(root), "/".join(parts), (), is_folder=False)
    except NotFound:
        return
    if not isinstance(found, IsFolder):
        with found.found.file as file:
            assert file.read() != b"secret"
