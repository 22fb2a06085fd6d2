/// An authority made for these tests, and a certificate of it for localhost and 127.0.0.1, good for a hundred years.
public enum TestCertificate {
    /// The authority's certificate, PEM.
    public static let authority = """
        -----BEGIN CERTIFICATE-----
        MIIBqTCCAU6gAwIBAgIUYbbfmtnsPTZ76j1vtRylvwZbMPowCgYIKoZIzj0EAwIw
        IjEgMB4GA1UEAwwXSGVhZHJvcGUgdGVzdCBhdXRob3JpdHkwIBcNMjYxMTIxMDMz
        MjQyWhgPMjEyNjEwMjgwMzMyNDJaMCIxIDAeBgNVBAMMF0hlYWRyb3BlIHRlc3Qg
        YXV0aG9yaXR5MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE+m/F/6/ED+xl9dET
        R+HHBfGCf1XsYpAuX/uLtkIIdbub+ciScJb5r44FYlWXLCZ0G/2gQBWRGCohlvbb
        eH9JSaNgMF4wHQYDVR0OBBYEFG3qkjts6f5Y0vmma+zMh61NPHlRMB8GA1UdIwQY
        MBaAFG3qkjts6f5Y0vmma+zMh61NPHlRMA8GA1UdEwEB/wQFMAMBAf8wCwYDVR0P
        BAQDAgIEMAoGCCqGSM49BAMCA0kAMEYCIQCZ7NicRCPG/q8naNO1l3+4MJRjXK01
        SHD14LCn3CkwaQIhANhYV8O/zbW9i06wcpIdjKLrb+pLGd8gid3sF9RNsO2n
        -----END CERTIFICATE-----
        """

    /// The server's certificate, PEM.
    public static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBuDCCAV6gAwIBAgIUeQyaal3eVbjay45s9OvwGPX/OyYwCgYIKoZIzj0EAwIw
        IjEgMB4GA1UEAwwXSGVhZHJvcGUgdGVzdCBhdXRob3JpdHkwIBcNMjYxMTIxMDMz
        MjQyWhgPMjEyNjEwMjgwMzMyNDJaMBQxEjAQBgNVBAMMCWxvY2FsaG9zdDBZMBMG
        ByqGSM49AgEGCCqGSM49AwEHA0IABLj7FjWm4mb+crJU4HceClIn/w+5mc3lO5L5
        qWTMwu+wozUOZ3rEk/3aarHk4+AnpyVqWTqVSwm8w+HOj2uu1FujfjB8MBoGA1Ud
        EQQTMBGCCWxvY2FsaG9zdIcEfwAAATAJBgNVHRMEAjAAMBMGA1UdJQQMMAoGCCsG
        AQUFBwMBMB0GA1UdDgQWBBSlE/9CQPT3KcZ0SSoLEZyHKAuI2TAfBgNVHSMEGDAW
        gBRt6pI7bOn+WNL5pmvszIetTTx5UTAKBggqhkjOPQQDAgNIADBFAiEAxDoJ/kZg
        vVwtlH+NSB2usILDcVMkgxS0OF2T/zfCnJ8CIFrMcpA6cCo1RRBFw4B4FEsj/nNl
        y/KMFGWm6pYQDhV2
        -----END CERTIFICATE-----
        """

    /// The server's private key, PEM.
    public static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgnKXKU6rwEVhMtTvE
        MKKWNcga7BqVnnlKaCK58REKAu6hRANCAAS4+xY1puJm/nKyVOB3HgpSJ/8PuZnN
        5TuS+alkzMLvsKM1Dmd6xJP92mqx5OPgJ6clalk6lUsJvMPhzo9rrtRb
        -----END PRIVATE KEY-----
        """
}
