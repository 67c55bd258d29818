import Pictures
import Testing

/// Letters of pictures that are made of pixels.
@Suite struct StrokeFontTests {
    /// A text of dark pixels on white, below a small white tile.
    private func ink(_ text: String) -> [Bool] {
        let tile = Picture(width: 112, height: 16, channels: 1, fill: 255)
        let sheet = Sheet([Sheet.Tile(tile, text)], columns: 1).picture
        return (0..<sheet.width * sheet.height).map { sheet.grey($0 % sheet.width, $0 / sheet.width) < 200 }
    }

    @Test(arguments: [
        "abc ABC 09 ~|@", "àéîõüåçñ ÀÉÎÕÜÅÇÑ øØæÆœŒßðÐþÞ", "ąćęłńóśźż ČĎĚŇŘŠŤŮŽ őű ğışİ șț đĐ ħ",
        "αβγδεζηθικλμνξοπρσςτυφχψω άέήίόύώϊΐ",
        "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩ", "абвгдеёжзийклмнопрстуфхцчшщъыьэюя", "АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ",
        "іїєґўђјљњћџ ІЇЄҐЎЂЈЉЊЋЏ",
        "«» „“ ‘’ – — … ° € £ µ × ±",
    ])
    func lettersHaveShapes(_ text: String) {
        #expect(Picture.lettersDrawnAsBoxes(in: [text]).isEmpty)
        // Each letter has ink of its own, and is not the box.
        for letter in text where letter != " " {
            #expect(ink(String(letter)).contains(true) && ink(String(letter)) != ink("猫"), "\(letter)")
        }
    }

    @Test func aMarkIsAboveOrBelowItsLetter() {
        for (marked, bare) in [("é", "e"), ("Å", "A"), ("й", "и"), ("ώ", "ω"), ("ç", "c"), ("ş", "s")] {
            let (with, without) = (ink(marked), ink(bare))
            #expect(with != without, "\(marked)")
            #expect(zip(with, without).allSatisfy { $0 || !$1 }, "\(marked) holds \(bare)")
        }
        // Of one letter written as two characters too.
        #expect(ink("e\u{301}") == ink("\u{e9}"))
        // The dot of an i makes room for the mark.
        #expect(!zip(ink("í"), ink("i")).allSatisfy { $0 || !$1 })
    }

    @Test func whatLooksTheSameIsDrawnTheSame() {
        for (a, b) in [("Α", "A"), ("Р", "P"), ("с", "c"), ("Ι", "I")] { #expect(ink(a) == ink(b), "\(a)") }
    }

    @Test func othersAreBoxesAndTold() {
        #expect(Picture.lettersDrawnAsBoxes(in: ["cat", "猫 und 犬", "猫"]) == ["猫", "犬"])
        #expect(ink("猫") == ink("犬") && ink("猫") != ink("?"))
    }
}
