/// A certificate for localhost and 127.0.0.1 that vouches for itself, valid until 2126. Its key is public: it protects nothing.
package enum TestCertificate {
    package static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBmzCCAUGgAwIBAgIUC9K+8abTSqaMHOfPYjOC7OolbzQwCgYIKoZIzj0EAwIw
        FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEzMDIzNDUwNVoYDzIxMjYxMTA2
        MjM0NTA1WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
        PQMBBwNCAARuBAGFhCindkU+xqHvu2BQ+nbq/8tEd5GLVrEW0BjlSzKTKUrzCdgz
        MBpa3dsZltBwTcOowiLvkdI1niiOO9D1o28wbTAdBgNVHQ4EFgQUqdz4zzc0fzVG
        1cB183kZxYyeO8QwHwYDVR0jBBgwFoAUqdz4zzc0fzVG1cB183kZxYyeO8QwDwYD
        VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
        zj0EAwIDSAAwRQIgaObzNIXHI6UcdC55B5ZZskJ9Cnf43zpam4QZ2kcqW/ACIQCe
        NWGQePKcF9vLdJz6bJSJnQusOgPRpjEozfoiLkM9KQ==
        -----END CERTIFICATE-----
        """

    package static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgW5QmGaoqD31/Au6V
        icpsipvWU4akSkyD7GdsUQU+jXGhRANCAARuBAGFhCindkU+xqHvu2BQ+nbq/8tE
        d5GLVrEW0BjlSzKTKUrzCdgzMBpa3dsZltBwTcOowiLvkdI1niiOO9D1
        -----END PRIVATE KEY-----
        """

    /// The key of no certificate.
    package static let otherKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgKwIWyG1yjae98xic
        cJEjhCCnu2scJ/rFfv5a21JyGpihRANCAASxFvfuwTaQv0TnhYlxhgFkDrXM4ekg
        ej/kRMuEPxEg8PjOtsaK8/ma33ANUD26FqQf5bP6qBo97wnxLGISMMI6
        -----END PRIVATE KEY-----
        """
}
