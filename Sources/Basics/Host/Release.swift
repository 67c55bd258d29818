/// This program's version.
public enum Release {
    public static let version = "0.1.0"
}
