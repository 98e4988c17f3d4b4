"""Find the command that was asked for, load only its module, and turn errors into one line and an exit code.

Exit codes: 0 done, 1 failed with one clear line on standard error, 2 wrong usage.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

import click

from kb.errors import ConfigurationError, FixloreError

COMMANDS: dict[str, tuple[str, str]] = {
    "serve": ("web.cli.serving", "Run the site and the API."),
    "import": ("web.cli.importing", "Take in articles or tickets."),
    "index": ("web.cli.indexing", "Bring the indexes up to the store."),
    "search": ("web.cli.searching", "Search articles and tickets."),
    "similar": ("web.cli.similar", "Find similar past issues for a ticket."),
    "incidents": ("web.cli.incidents", "List bursts of similar open tickets."),
    "evaluate": ("web.cli.evaluating", "Measure answers against labelled queries."),
    "export": ("web.cli.copying", "Write everything as Markdown and JSONL."),
    "backup": ("web.cli.copying", "Write one consistent copy of the store."),
    "restore": ("web.cli.copying", "Bring a backup back into an empty home."),
    "erase": ("web.cli.erasing", "Erase a ticket with everything that is kept of it."),
    "glossary": ("web.cli.vocabulary", "Say what German words are called in English."),
    "synonyms": ("web.cli.vocabulary", "Say which words and abbreviations mean the same."),
    "template": ("web.cli.templates", "Show what articles begin with."),
    "learn": ("web.cli.learning", "Learn ranking from linked tickets."),
    "report": ("web.cli.reporting", "Tell the link rate, and what was reused most."),
    "mcp": ("web.cli.mcp", "Answer agents over the Model Context Protocol."),
    "token": ("web.cli.tokens", "Create, list and revoke API tokens."),
    "connector": ("web.cli.connectors", "Let ticket systems send their tickets, and read their exports."),
    "user": ("web.cli.users", "Add people, list and change them, and get sign-in links."),
    "example": ("web.cli.examples", "Remove the shipped example content."),
    "links": ("web.cli.links", "List links of articles that lead nowhere."),
    "doctor": ("web.cli.checking", "Check store and indexes, and say what to do."),
}
"""Command → (module, one line of help). Listed here so that `kb --help` imports none of them."""


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return every command in the order of `COMMANDS`."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name][0])
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--home",
    envvar="KB_HOME",
    type=click.Path(file_okay=False, path_type=Path),
    default=lambda: _home_of_this_account(Path("~/.fixlore")),
    show_default="~/.fixlore",
    help="Data directory of this installation; also KB_HOME.",
)
@click.version_option(package_name="fixlore", prog_name="kb")
@click.pass_context
def kb(ctx: click.Context, home: Path) -> None:
    """Has anyone fixed this before? Search articles, post-mortems and past tickets."""
    ctx.obj = _home_of_this_account(home)


def _home_of_this_account(home: Path) -> Path:
    """Return the path without its `~`.

    Raises ConfigurationError when the account has no home, as in a container, and when the engines, which take paths in
    UTF-8, could not find this one.
    """
    try:
        home = home.expanduser()
    except RuntimeError as error:
        raise ConfigurationError(f"{home} cannot be told; name the data directory with --home or KB_HOME") from error
    if sys.getfilesystemencoding() != "utf-8" and not str(home.absolute()).isascii():
        shown = os.fsencode(home).decode("utf-8", "backslashreplace")
        raise ConfigurationError(f"{shown} cannot be used in this locale; set PYTHONUTF8=1, or a locale with UTF-8")
    return home


def main() -> None:
    """Run the command line; the console script `kb`."""
    try:
        # Click returns the code of `ctx.exit` here instead of leaving; commands themselves return nothing.
        code = kb(prog_name="kb", standalone_mode=False) or 0
        sys.stdout.flush()
    except click.Abort:
        code = _failed("interrupted")
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except FixloreError as error:
        code = _failed(str(error))
    except BrokenPipeError:
        code = 1  # whoever read the output has enough of it
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        code = _failed(f"{place}{error.strerror or error}; check the rights and the free space")
    _drop_what_cannot_be_written()
    sys.exit(code)


def _failed(why: str) -> int:
    """Tell the one line of a failure and return its exit code."""
    print(f"kb: {' '.join(why.splitlines())}", file=sys.stderr)
    return 1


def _drop_what_cannot_be_written() -> None:
    """Keep Python from failing once more on leaving, when it writes out what the pipe or disk did not take."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
