"""Makes the sample files beside this script: `python samples/make.py [FOLDER]`.

Everybody and everything in them is invented. The same seed gives the same files.
"""

from __future__ import annotations

import csv
import datetime as dt
import random
import sys
from pathlib import Path

import xlsxwriter

SEED = 24
MISSING_ID = 10_000_001
"""From here on the simulated portal has no documents."""

HEADER = ["ID", "Title", "Name", "Phone", "Email", "Manager", "Stage", "Amount", "Comment"]
RUSSIAN_HEADER = ["ID", "Название лида", "Имя", "Телефон", "Ответственный", "Стадия", "Сумма", "Комментарий"]

WOMEN = ["Анна Лугова", "Мария Береговая", "Ольга Снегирёва", "Екатерина Полянская", "Юлия Ёлкина"]
MEN = ["Иван Травин", "Пётр Заозёрный", "Сергей Клёнов", "Дмитрий Ручьёв", "Алексей Щукин-Хомяков"]
OTHERS = ["Zoë Marlowe", "John O'Harrow", "José Vega", "Lena Weiß", "Siobhán Quill, PhD"]
COMPANIES = [
    "ООО «Северный ветер»",
    'ООО "Ромашка и Ко"',
    "ИП Клёнов С. А.",
    "АО «Полярная сова»",
    "Bluefin & Sons, Ltd.",
    "Quill, Marlowe & Partners",
    'Harrow "The Kettle" Tea',
    "Weiß Möbel GmbH",
]
MANAGERS = ["Вера Зимина", "Олег Ветров", "Nina Hart", "Тимур Ясенев"]
STAGES = ["New", "In progress", "Qualified", "On hold"]
RUSSIAN_STAGES = ["Новый", "В работе", "Квалифицирован", "Отложен"]
SUBJECTS = ["кухня", "доставка", "сервисный договор", "landing page", "обучение, 2 группы", "spare parts"]
RUSSIAN_SUBJECTS = ["кухня", "доставка", "сервисный договор", "ремонт", "обучение, 2 группы", "запчасти"]
COMMENTS = [
    "",
    "",
    "Перезвонить после 15:00",
    "Просит счёт; оплата в два этапа",
    'Said "call me on Monday", then Friday',
    "Адрес: ул. Садовая, д. 5,\nподъезд 2, код 007",
    "old customer, discount 5%",
    "= смотри прошлый заказ",
]


def main() -> None:
    """Write all the files."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    write_csv(folder / "leads.csv", HEADER, leads(random.Random(SEED)))
    write_csv(folder / "leads-with-mistakes.csv", HEADER, mistakes(random.Random(SEED + 1)))
    write_csv(
        folder / "leads-cp1251.csv",
        RUSSIAN_HEADER,
        russian_leads(random.Random(SEED + 2)),
        encoding="cp1251",
        delimiter=";",
        newline="\r\n",
    )
    write_deals(folder / "deals.xlsx", random.Random(SEED + 3))


def leads(dice: random.Random) -> list[list[str]]:
    """300 leads as a portal's administrator has them after a clean-up."""
    return [lead(dice, number) for number in unique_ids(dice, 300)]


def unique_ids(dice: random.Random, count: int) -> list[int]:
    """IDs as an export has them: each once, rising, with gaps."""
    return sorted(dice.sample(range(1_000, 10_000), count))


def lead(dice: random.Random, number: int) -> list[str]:
    """One lead, under the headings of `HEADER`."""
    name = dice.choice(WOMEN + MEN + OTHERS)
    company = dice.choice(COMPANIES)
    return [
        str(number),
        f"{company}: {dice.choice(SUBJECTS)}",
        name,
        phone(dice),
        f"contact{number}@{dice.choice(['north', 'harbour', 'orchard'])}.example",
        dice.choice(MANAGERS),
        dice.choice(STAGES),
        f"{dice.randrange(5, 900) * 100}.00",
        dice.choice(COMMENTS),
    ]


def phone(dice: random.Random) -> str:
    """A number that nobody has."""
    return f"+7 000 000-{dice.randrange(100):02}-{dice.randrange(100):02}"


def russian_leads(dice: random.Random) -> list[list[str]]:
    """120 leads with only the letters that Windows-1251 has, and amounts with a decimal comma."""
    rows = []
    for number in unique_ids(dice, 120):
        subject = dice.choice(RUSSIAN_SUBJECTS)
        rows.append(
            [
                str(number),
                f"{dice.choice(COMPANIES[:4])}: {subject}",
                dice.choice(WOMEN + MEN),
                phone(dice),
                dice.choice([name for name in MANAGERS if not name.isascii()]),
                dice.choice(RUSSIAN_STAGES),
                f"{dice.randrange(5, 900) * 100},50",
                dice.choice(["", "Перезвонить; просил после обеда", "№ договора 007", "Скидка — 5 %"]),
            ]
        )
    return rows


def mistakes(dice: random.Random) -> list[list[str]]:
    """Leads of which about every third cannot be started; the comment says what is wrong."""
    good = [lead(dice, number) for number in unique_ids(dice, 40)]
    wrong = [
        *(("", "no ID") for _ in range(4)),
        *((str(MISSING_ID + dice.randrange(1_000)), "no such lead") for _ in range(5)),
        *((good[index][0], "an ID that stands above too") for index in (0, 3, 5)),
        ("see the other sheet", "text instead of an ID"),
        ("n/a", "text instead of an ID"),
        ("12a4", "text instead of an ID"),
        ("-5", "no ID can be negative"),
        ("0", "no ID can be zero"),
        ("DEAL_12", "a deal in a file of leads"),
        (f" {dice.randrange(1_000, 10_000)} ", "spaces around the ID: can be started"),
        (" 777 ", "spaces around the ID: can be started"),
    ]
    rows = good[:8]
    rest = [*good[8:], *([text, *lead(dice, 1)[1:8], comment] for text, comment in wrong)]
    dice.shuffle(rest)
    for index, row in enumerate(rest):
        if index in (9, 23, 24, 41):
            rows.append([])
        rows.append([row[0], *row[1:]])
    return rows


def write_csv(
    path: Path,
    header: list[str],
    rows: list[list[str]],
    *,
    encoding: str = "utf-8",
    delimiter: str = ",",
    newline: str = "\n",
) -> None:
    """Write the table; an empty row becomes a blank line."""
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator=newline)
        writer.writerow(header)
        writer.writerows(rows)


def write_deals(path: Path, dice: random.Random) -> None:
    """A workbook of three sheets: 200 deals, their managers, and notes."""
    with xlsxwriter.Workbook(path) as book:
        book.set_properties({"created": dt.datetime(2026, 1, 5, tzinfo=dt.UTC)})
        bold = book.add_format({"bold": True})
        day = book.add_format({"num_format": "dd.mm.yyyy"})
        moment = book.add_format({"num_format": "dd.mm.yyyy hh:mm"})
        money = book.add_format({"num_format": "#,##0.00"})
        deals = book.add_worksheet("Deals")
        headings = [
            "ID",
            "Title",
            "Company",
            "Manager",
            "Stage",
            "Amount",
            "Close date",
            "Last call",
            "Paid",
            "Contract",
        ]
        deals.write_row(0, 0, headings, bold)
        for row, number in enumerate(unique_ids(dice, 200), 1):
            called = dt.datetime(2026, 1, 5) + dt.timedelta(minutes=dice.randrange(60_000))
            deals.write_number(row, 0, number)
            deals.write_string(row, 1, f"Сделка: {dice.choice(SUBJECTS)}")
            deals.write_string(row, 2, dice.choice(COMPANIES))
            deals.write_string(row, 3, dice.choice(MANAGERS))
            deals.write_string(row, 4, dice.choice(STAGES))
            deals.write_number(row, 5, dice.randrange(100_00, 900_000_00) / 100, money)
            deals.write_datetime(row, 6, called.date() + dt.timedelta(days=dice.randrange(10, 90)), day)
            deals.write_datetime(row, 7, called, moment)
            deals.write_boolean(row, 8, dice.random() < 0.3)
            deals.write_string(row, 9, f"{dice.randrange(1_000):06}")
        deals.freeze_panes(1, 0)
        deals.set_column(1, 3, 28)
        deals.set_column(4, 9, 16)
        managers = book.add_worksheet("Managers")
        managers.write_row(0, 0, ["Manager", "User ID", "Email"], bold)
        for row, name in enumerate(MANAGERS, 1):
            managers.write_row(row, 0, [name, row, f"manager{row}@office.example"])
        notes = book.add_worksheet("Notes")
        notes.write_string(0, 0, "Contract numbers are text: their zeros belong to them.")


if __name__ == "__main__":
    main()
