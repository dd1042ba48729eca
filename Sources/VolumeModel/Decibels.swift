internal import Glibc

/// Peak signal-to-noise ratio in dB; infinite when there is no error.
public func decibels(peak: Double, meanSquaredError: Double) -> Double {
    meanSquaredError == 0 ? .infinity : 10 * log10(peak * peak / meanSquaredError)
}
