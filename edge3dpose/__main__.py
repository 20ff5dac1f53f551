from edge3dpose.cli import main

main()
