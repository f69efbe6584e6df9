module engagements

go 1.19
