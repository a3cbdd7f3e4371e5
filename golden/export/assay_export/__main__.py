from assay_export.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
