--
-- PostgreSQL database cluster dump
--

\restrict ePn2bhwn8FMdRHb9iKs2j7eDPHd9QjByKcTnz6IgaGT7GC1d6zBljRwIztu9FEB

SET default_transaction_read_only = off;

SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;

--
-- Roles
--

CREATE ROLE "Odd role";
ALTER ROLE "Odd role" WITH NOSUPERUSER INHERIT NOCREATEROLE NOCREATEDB NOLOGIN NOREPLICATION NOBYPASSRLS;
CREATE ROLE postgres;
ALTER ROLE postgres WITH SUPERUSER INHERIT CREATEROLE CREATEDB LOGIN REPLICATION BYPASSRLS;
CREATE ROLE shop;
ALTER ROLE shop WITH NOSUPERUSER INHERIT NOCREATEROLE NOCREATEDB LOGIN NOREPLICATION NOBYPASSRLS PASSWORD 'SCRAM-SHA-256$4096:xHPqn2WlY/13Uz1vx/xCVw==$Exz9cMuQ1VK6BY2fnPiLcGLiueqZKmJ7y6HoV4sLYFw=:l65rcAXhCEdioUFUlWV6RCw7dchz7QOAYi9UjnuAEGI=';

--
-- User Configurations
--

--
-- User Config "shop"
--

ALTER ROLE shop SET work_mem TO '8MB';


--
-- Role memberships
--

GRANT shop TO "Odd role" GRANTED BY postgres;




--
-- Tablespaces
--

CREATE TABLESPACE fast OWNER shop LOCATION '/srv/fast/ts';
GRANT ALL ON TABLESPACE fast TO "Odd role";
COMMENT ON TABLESPACE fast IS 'x';


\unrestrict ePn2bhwn8FMdRHb9iKs2j7eDPHd9QjByKcTnz6IgaGT7GC1d6zBljRwIztu9FEB

--
-- PostgreSQL database cluster dump complete
--

