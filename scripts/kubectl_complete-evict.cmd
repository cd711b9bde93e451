@echo off
rem Called by kubectl 1.26 and later to complete "kubectl evict ..."
"%~dp0kubectl-evict.exe" __complete %*
