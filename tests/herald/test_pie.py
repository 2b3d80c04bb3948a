# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Accounts that move: XEP-0227 from Debian's ejabberd 23.01 (data/ejabberd-23.01 is what its
export_piefxis wrote) and between two heralds."""
import re
import shutil
import xml.etree.ElementTree as ET

import pytest

from chat import Client, run
from raw import Raw

PIE = "{urn:xmpp:pie:0}"
ROSTER = ("bob@b.example\tBob & <Co>\tto\tnone\tFriends;W&W\n"
          "carol@a.example\tCarol\tnone\tsubscribe\t\n")
BOOKMARKS = ('<query xmlns="jabber:iq:private"><storage xmlns="storage:bookmarks"/></query>')


async def look_at_everything(herald):
    """Logs in with the old passwords and finds what was there before."""
    alice = Client(herald, "alice@a.example/x", password="p\u00e4sswort-a")
    alice.register_plugin("xep_0054")
    await alice.login()
    card = await alice["xep_0054"].get_vcard("alice@a.example")
    assert card["vcard_temp"]["FN"] == "Alice \u00c4"
    iq = alice.make_iq_get()
    iq.append(ET.fromstring(BOOKMARKS))
    answer = str(await iq.send())
    assert 'name="R &amp; D"' in answer and "<nick>al</nick>" in answer

    bob = await Client(herald, "bob@b.example/y", password="p\u00e4sswort-b").login()
    await bob.get_roster()
    bob.send_presence()
    one, two = await bob.message(), await bob.message()
    assert (one["body"], two["body"]) == ("offline one <&>", "offline two\nline")
    assert one["from"] == "alice@a.example/x" and one["type"] == "chat"
    stamps = re.findall(r"stamp=[\"']([^\"']+)", str(one))
    assert stamps == ["2026-11-25T13:12:24Z"]

    carol = await Client(herald, "carol@a.example/z", password="p\u00e4sswort-c").login()
    await carol.get_roster()
    carol.send_presence()
    asks = await carol.presence(lambda p: p["type"] == "subscribe")
    assert asks["from"] == "alice@a.example"
    for client in (alice, bob, carol):
        await client.leave()


@pytest.fixture
def export(root, tmp_path):
    """The export of ejabberd where herald may read it."""
    shutil.copytree(root / "tests/herald/data/ejabberd-23.01", tmp_path / "ejabberd")
    return tmp_path / "ejabberd/export.xml"


def test_accounts_of_ejabberd_log_in_with_their_old_passwords(herald, export):
    said = herald.ctl("import_piefxis", str(export)).stdout
    assert said == "4 accounts came in, with 4 contacts and 2 offline messages\n"
    assert herald.ctl("registered_users", "a.example").stdout == "alice\ncarol\nold\n"
    assert herald.ctl("get_roster", "alice", "a.example").stdout == ROSTER
    run(look_at_everything(herald))
    # Once more: nothing is overwritten.
    again = herald.ctl("import", str(export), check=False)
    assert again.returncode == 1
    assert again.stderr.count("there is an account of that name already") == 4


def test_what_one_herald_writes_another_reads(make_herald, export, tmp_path):
    first, second = make_herald(), make_herald()
    first.ctl("import", str(export))
    first.ctl("ban_account", "old", "a.example", "gone <away>")
    first.register("new", password="w\u00f6rd")
    folder = tmp_path / "out"
    said = first.ctl("export", str(folder)).stdout
    assert said.startswith("5 accounts are in ")
    path, = folder.iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    tree = ET.parse(path).getroot()
    assert tree.tag == PIE + "server-data"
    assert [host.get("jid") for host in tree] == ["a.example", "b.example"]
    assert "p\u00e4sswort" not in path.read_text()

    assert second.ctl("import", str(path)).stdout == \
        "5 accounts came in, with 4 contacts and 2 offline messages\n"
    assert second.ctl("get_roster", "alice", "a.example").stdout == ROSTER
    assert second.ctl("check_password", "new", "a.example", "w\u00f6rd").returncode == 0
    run(look_at_everything(second))

    async def banned():
        with pytest.raises(PermissionError):
            await Client(second, "old@a.example", password="x", mechanism="PLAIN").login()

    run(banned())


def write(folder, text):
    path = folder / "in.xml"
    path.write_text(f"<server-data xmlns='urn:xmpp:pie:0'>{text}</server-data>")
    return str(path)


def test_a_plain_password_is_made_a_key(herald, tmp_path):
    path = write(tmp_path, "<host jid='A.example'><user name='Dora' password='s&amp;3cret'/>"
                           "<user name='none'/></host>")
    said = herald.ctl("import", path).stdout
    assert said.startswith("2 accounts came in") and "none@a.example: has no password" in said
    assert herald.ctl("check_password", "dora", "a.example", "s&3cret").returncode == 0
    assert b"s&3cret" not in (herald.folder / "spool/herald.db").read_bytes()


@pytest.mark.parametrize("text,says", [
    ("<host jid='c.example'><user name='x' password='y'/></host>",
     "x@c.example: this is not a host of this server"),
    ("<host jid='a.example'><user name='a b' password='y'/></host>",
     "a b@a.example: this is not the name of an account"),
    ("<host jid='a.example'><user name='x' password='y'>", "line 1: mismatched tag"),
    ("<include xmlns='http://www.w3.org/2001/XInclude' href='../x.xml'/>",
     "`../x.xml` is not included: it must be in the same folder"),
    ("<include xmlns='http://www.w3.org/2001/XInclude' href='gone.xml'/>", "gone.xml: No such file"),
    ("<include xmlns='http://www.w3.org/2001/XInclude' href='in.xml'/>", "there are too many"),
])
def test_what_cannot_come_in_is_said(herald, tmp_path, text, says):
    done = herald.ctl("import", write(tmp_path, text), check=False)
    assert done.returncode == 1 and says in done.stderr
    assert herald.ctl("registered_users", "a.example").stdout == ""


def test_pictures_and_the_last_time_come_along(make_herald, tmp_path):
    path = write(tmp_path, "<host jid='a.example'><user name='x' password='y'>"
                           "<vCard xmlns='vcard-temp'><PHOTO><TYPE>image/png</TYPE>"
                           "<BINVAL>aGVs\nbG8=</BINVAL></PHOTO></vCard>"
                           "<query xmlns='jabber:iq:last' seconds='1000'>gone &amp; away</query>"
                           "</user></host>")
    first, second = make_herald(), make_herald()
    assert first.ctl("import", path).stdout.startswith("1 accounts came in")
    first.ctl("export", str(tmp_path / "out"))
    exported, = (tmp_path / "out").iterdir()
    assert re.search("<query xmlns='jabber:iq:last' seconds='10[0-9][0-9]'>gone &amp; away</query>",
                     exported.read_text())
    assert second.ctl("import", str(exported)).stdout.startswith("1 accounts came in")

    async def scenario():
        client = await (await Client(second, "x@a.example/1", password="y").login()).come()
        other = await Client(second, "x@a.example/2", password="y").login()
        await other.get_roster()
        other.send_presence()
        seen = str(await other.presence(lambda p: p["from"] == "x@a.example/1"))
        assert "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d" in seen  # SHA-1 of "hello"
        await client.leave()
        await other.leave()

    run(scenario())


def test_who_is_blocked_stays_blocked(make_herald, tmp_path):
    """As ejabberd and others write it (privacy lists), and in XEP-0191's own words."""
    path = write(tmp_path, """<host jid='a.example'><user name='x' password='secret'>
<query xmlns='jabber:iq:privacy'><default name='b'/><list name='b'>
<item type='jid' value='Eve@A.example' action='deny' order='1'/>
<item type='jid' value='all.example' action='deny' order='2'><message/><iq/><presence-in/><presence-out/></item>
<item type='jid' value='half@a.example' action='deny' order='3'><message/></item>
<item type='group' value='g' action='deny' order='4'/><item action='allow' order='5'/>
</list><list name='other'/></query>
<blocklist xmlns='urn:xmpp:blocking'><item jid='mallory@b.example/&amp;'/><item jid='@'/></blocklist>
</user></host>""")
    first, second = make_herald(), make_herald()
    said = first.ctl("import", path).stdout
    assert said.count("does more than block an address") == 3
    assert said.count("is not the list for all sessions") == 1 and said.count("has no address") == 1
    first.ctl("export", str(tmp_path / "out"))
    exported, = (tmp_path / "out").iterdir()
    assert second.ctl("import", str(exported)).stdout.count("\n") == 1
    for server in (first, second):
        client = Raw(server.port).session("x")
        answer = client.ask("<blocklist xmlns='urn:xmpp:blocking'/>")
        assert {item.get("jid") for item in answer[0]} == \
            {"eve@a.example", "all.example", "mallory@b.example/&"}
        client.close()


def test_parts_that_herald_does_not_know_are_listed(herald, tmp_path):
    path = write(tmp_path, "<host jid='a.example'><user name='x' password='y'>"
                           "<query xmlns='jabber:iq:privacy'><list name='l'/></query>"
                           "<pubsub xmlns='http://jabber.org/protocol/pubsub'/>"
                           "<query xmlns='jabber:iq:roster'><item jid='@'/></query></user></host>")
    said = herald.ctl("import", path).stdout
    assert "x@a.example: <list xmlns='jabber:iq:privacy'> is not the list for all sessions\n" in said
    assert "x@a.example: <pubsub xmlns='http://jabber.org/protocol/pubsub'> was not taken\n" in said
    assert "x@a.example: <item xmlns='jabber:iq:roster'> has no address\n" in said


def test_many_accounts_move(make_herald, root, tmp_path):
    first, second = make_herald(), make_herald()
    export = root / "tests/herald/data/ejabberd-23.01/export_b_example.xml"
    keys = re.search("<scram-credentials.*?</scram-credentials>", export.read_text())[0]
    users = "".join(f"<user name='u{n:04}'>{keys}<query xmlns='jabber:iq:roster'>"
                    f"<item jid='x{n}@b.example' subscription='both'/></query></user>\n"
                    for n in range(1500))
    path = write(tmp_path, f"<host jid='a.example'>{users}</host>")
    assert first.ctl("import", path).stdout.startswith("1500 accounts came in, with 1500 contacts")
    first.ctl("export", str(tmp_path / "out"))
    exported, = (tmp_path / "out").iterdir()
    assert second.ctl("import", str(exported)).stdout.startswith("1500 accounts came in")
    assert second.ctl("stats", "registeredusers").stdout == "1500\n"
    assert second.ctl("check_password", "u1499", "a.example", "p\u00e4sswort-b").returncode == 0
